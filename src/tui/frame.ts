/** The whole screen as rows of text. Pure: the same state, data and size give the same rows. */
import type { Trace } from '../core/trace/trace.js';
import { fitLine, type Line, paintChosen, paintLine, span } from './line.js';
import type { Look } from './look.js';
import { sign } from './look.js';
import { type Listing, listing, windowStart } from './model/list.js';
import { chosenIn, type Ui, type World } from './ui.js';
import { FOOTER_ROWS, footerLines, type Shown } from './views/footer.js';
import { headerLines, type Overview } from './views/header.js';
import { helpLines } from './views/help.js';
import { listHead, listRow } from './views/list.js';
import { type Document, documentOf, MESSAGE_HEAD_ROWS, messageHead } from './views/message.js';

/** Smaller than this and nothing sensible fits. */
const MIN_COLUMNS = 60;
const MIN_ROWS = 12;

/** What there is to show. */
export interface Data {
  readonly overview: Overview;
  /** Those that are listed (the ones at the time of the pause while paused), oldest first. */
  readonly traces: readonly Trace[];
  /** Messages that came since the pause. */
  readonly fresh: number;
  readonly notices: readonly string[];
  /** The opened message as it is now, with its log lines. */
  readonly message: { readonly trace: Trace; readonly evidence: readonly string[] } | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface Frame {
  readonly rows: readonly string[];
  readonly world: World;
  readonly document: Document;
}

const NO_DOCUMENT: Document = { rows: [], parts: [] };

export function frameOf(ui: Ui, data: Data, look: Look): Frame {
  const { message } = data;
  const header = headerLines(data.overview, ui.help || message !== null, look);
  const inner = look.rows - header.length - FOOTER_ROWS;
  const list = listing(data.traces, ui.filter, ui.only, inner);
  const listRows = Math.max(1, inner - 1 - (list.pinned.length > 0 ? list.pinned.length + 1 : 0));
  const documentRows = Math.max(1, inner - MESSAGE_HEAD_ROWS - 1);
  const document = message === null ? NO_DOCUMENT : documentOf(message.trace, message.evidence, look);
  const world: World = {
    listing: list,
    listRows,
    documentRows,
    documentLength: document.rows.length,
    parts: document.parts,
    traces: data.traces,
  };
  const rows =
    look.columns < MIN_COLUMNS || look.rows < MIN_ROWS
      ? [
          `${look.columns}x${look.rows} is too small: ${MIN_COLUMNS}x${MIN_ROWS} at least, q quits`.slice(
            0,
            look.columns - 1,
          ),
        ]
      : screen(ui, data, world, document, header, look);
  return { rows, world, document };
}

function screen(
  ui: Ui,
  data: Data,
  world: World,
  document: Document,
  header: readonly Line[],
  look: Look,
): string[] {
  const inner = look.rows - header.length - FOOTER_ROWS;
  const opened = ui.opened.at(-1);
  const { pinned, rest } = world.listing;
  const shown: Shown = {
    total: data.traces.length,
    shown: pinned.length + rest.length,
    pinned: pinned.length,
    fresh: data.fresh,
    notices: data.notices,
    left: data.overview.counters.left,
    row: opened === undefined ? undefined : document.rows[Math.min(opened.cursor, document.rows.length - 1)],
    position: opened === undefined || ui.help ? '' : positionText(opened.top, world),
  };
  const paint = (line: Line): string => paintLine(fitLine(line, look.columns - 1, look), look).trimEnd();
  const body = ui.help
    ? helpLines(look).map(paint)
    : data.message !== null && opened !== undefined
      ? messageBody(ui, data.message.trace, data.now, world, document, look, paint)
      : listBody(ui, world.listing, world.listRows, data.now, look, paint);
  const filled = [...body, ...Array.from({ length: Math.max(0, inner - body.length) }, () => '')].slice(
    0,
    inner,
  );
  return [...header.map(paint), ...filled, ...footerLines(ui, shown, look).map(paint)];
}

function positionText(top: number, { documentLength, documentRows }: World): string {
  if (documentLength <= documentRows) return '';
  const from = Math.max(0, Math.min(top, documentLength - documentRows));
  return `${from + 1}-${Math.min(documentLength, from + documentRows)} of ${documentLength}`;
}

type Paint = (line: Line) => string;

function listBody(ui: Ui, list: Listing, height: number, now: number, look: Look, paint: Paint): string[] {
  const { pinned, rest } = list;
  const { pane, index } = chosenIn(list, ui.chosen);
  const at = pane === 'rest' && ui.chosen !== null ? index : null;
  const start = windowStart(rest.length, height, at, ui.row);
  const row = (trace: Trace, chosen: boolean): string => {
    const line = listRow(trace, chosen, now, look);
    return chosen ? paintChosen(fitLine(line, look.columns - 1, look), look) : paint(line);
  };
  const rows = [paint(listHead(look))];
  for (const [place, trace] of pinned.entries()) rows.push(row(trace, pane === 'pinned' && place === index));
  if (pinned.length > 0) rows.push(paint([span(` ${sign('rule', look).repeat(look.columns - 3)}`, 'dim')]));
  for (const [place, trace] of rest.slice(start, start + height).entries()) {
    rows.push(row(trace, pane === 'rest' && start + place === index));
  }
  if (pinned.length + rest.length === 0) {
    const none =
      ui.filter !== '' || ui.only !== 'all'
        ? 'No message fits. Esc shows all again.'
        : 'No message yet. What the log gets shows up here.';
    rows.push('', paint([span(`    ${none}`, 'dim')]));
  }
  return rows;
}

function messageBody(
  ui: Ui,
  trace: Trace,
  now: number,
  { documentRows }: World,
  document: Document,
  look: Look,
  paint: Paint,
): string[] {
  const { cursor, top } = ui.opened.at(-1) ?? { cursor: 0, top: 0 };
  const count = document.rows.length;
  const from = Math.max(0, Math.min(top, count - documentRows));
  const rows = document.rows.slice(from, from + documentRows).map(({ line }, index) => {
    const chosen = from + index === Math.min(cursor, count - 1);
    const full: Line = [span(chosen ? `${sign('chosen', look)} ` : '  '), ...line];
    return chosen ? paintChosen(fitLine(full, look.columns - 1, look), look) : paint(full);
  });
  return [...messageHead(trace, now, look).map(paint), '', ...rows];
}
