/** What a Perl expression comes to, without running Perl. */
export type PerlValue =
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'undef' }
  | { readonly kind: 'list'; readonly items: readonly PerlValue[] }
  | { readonly kind: 'hash'; readonly entries: ReadonlyMap<string, PerlValue> }
  /** `\%name`, `\@name`, `\$name`: which variable is meant, not what is in it. */
  | { readonly kind: 'reference'; readonly to: string }
  | { readonly kind: 'unknown'; readonly why: string };

export function scalar(text: string): PerlValue {
  return { kind: 'scalar', text };
}

export function unknown(why: string): PerlValue {
  return { kind: 'unknown', why };
}
