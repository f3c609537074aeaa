/**
 * amavis' own notices. Their Message-ID is a prefix and the mail_id of the message that caused them
 * (`VA8EL-a6e9mCdJ@mail.example.com`), as the templates at the end of Amavis.pm have it.
 */
const NOTICE = /^(?:VA|VS|VR|SS|SA|DSN|QRA|ARF|ARE)([A-Za-z0-9_+-]{11,20})@/;

/** The mail_id in a notice's Message-ID; a message that merely looks alike names no mail_id that amavis has given. */
export function noticeParent(messageId: string): string | undefined {
  return NOTICE.exec(messageId)?.[1];
}
