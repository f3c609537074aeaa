/** Times and durations as people read them. */
import type { ZoneOffset } from '../core/clock.js';
import type { Hop } from '../core/trace/trace.js';

/** `2026-11-23 00:19:14` in the zone. */
export function dateTime(iso: string, zone: ZoneOffset): string {
  const instant = Date.parse(iso);
  return new Date(instant + zone(instant) * 60_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** `00:19:14` in the zone. */
export function timeOfDay(iso: string, zone: ZoneOffset): string {
  return dateTime(iso, zone).slice(11);
}

/** `0.19s`, `12s`, `3m05s`, `2h14m`, `3d04h`; '' for none. */
export function duration(millis: number): string {
  const seconds = millis / 1000;
  if (seconds < 10) return `${seconds.toFixed(2).replace(/\.?0+$/, '') || '0'}s`;
  if (seconds < 60) return `${Math.round(seconds)}s`;
  const whole = Math.round(seconds);
  const two = (n: number): string => String(n).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${two(Math.floor(whole / 60) % 60)}m`;
  return `${Math.floor(whole / 86_400)}d${two(Math.floor(whole / 3600) % 24)}h`;
}

/** Milliseconds that a hop took, as far as the log tells; null while it goes on. */
export function hopMillis({ durationMs, from, to }: Hop): number | null {
  return durationMs ?? (to === null ? null : Date.parse(to) - Date.parse(from));
}
