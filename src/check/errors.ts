/** The work can't be done, and the user can do something about it: the message says what. */
export class CheckError extends Error {}
