/** Something the user can put right: printed as one line (and `help` as a second), never with a stack. */
export class UserError extends Error {
  readonly help: string | undefined;

  constructor(message: string, help?: string) {
    super(message);
    this.name = 'UserError';
    this.help = help;
  }
}
