import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Canvas } from '../../src/tui/canvas.js';

class FakeTerminal extends EventEmitter {
  columns = 80;
  rows = 5;
  written: string[] = [];

  write(text: string): void {
    this.written.push(text);
  }

  take(): string {
    return this.written.splice(0).join('');
  }
}

function entered(): { terminal: FakeTerminal; canvas: Canvas } {
  const terminal = new FakeTerminal();
  const canvas = new Canvas(terminal);
  canvas.enter();
  terminal.take();
  return { terminal, canvas };
}

describe('the canvas', () => {
  it('takes the alternate screen and gives the terminal back, once', () => {
    const terminal = new FakeTerminal();
    const canvas = new Canvas(terminal);
    canvas.enter();
    expect(terminal.take()).toBe('\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J\x1b[H');
    canvas.leave();
    expect(terminal.take()).toBe('\x1b[0m\x1b[2J\x1b[H\x1b[?7h\x1b[?25h\x1b[?1049l');
    canvas.leave();
    canvas.write('late frame');
    canvas.copy('late');
    expect(terminal.take()).toBe('');
    expect(terminal.listenerCount('resize')).toBe(0);
  });

  it('writes only the rows that changed, each at its place', () => {
    const { terminal, canvas } = entered();
    canvas.write('one\ntwo\nthree');
    terminal.take();
    canvas.write('one\nTWO\nthree');
    expect(terminal.take()).toBe('\x1b[2;1HTWO\x1b[0m\x1b[K');
    canvas.write('one\nTWO\nthree');
    expect(terminal.take()).toBe('');
  });

  it('clears the rows that a shorter frame no longer has', () => {
    const { terminal, canvas } = entered();
    canvas.write('one\ntwo');
    terminal.take();
    canvas.write('one');
    expect(terminal.take()).toBe('\x1b[2;1H\x1b[0m\x1b[K');
  });

  it('never writes below the last row, which would scroll', () => {
    const { terminal, canvas } = entered();
    canvas.write('1\n2\n3\n4\n5\n6\n7');
    expect(terminal.take()).not.toContain('6');
  });

  it('draws everything anew after a resize', () => {
    const { terminal, canvas } = entered();
    canvas.write('one\ntwo');
    terminal.take();
    let resized = 0;
    canvas.on('resize', () => resized++);
    terminal.emit('resize');
    expect(terminal.take()).toBe('\x1b[2J\x1b[1;1Hone\x1b[0m\x1b[K\x1b[2;1Htwo\x1b[0m\x1b[K');
    expect(resized).toBe(1);
  });

  it('puts an id into the clipboard with OSC 52', () => {
    const { terminal, canvas } = entered();
    canvas.copy('8BE9416260E');
    expect(terminal.take()).toBe(`\x1b]52;c;${Buffer.from('8BE9416260E').toString('base64')}\x07`);
  });
});
