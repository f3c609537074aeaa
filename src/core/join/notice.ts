/**
 * amavis' own notices. Their Message-ID is a prefix and the mail_id of the message that caused them
 * (`VA8EL-a6e9mCdJ@mail.example.com`), as the templates at the end of Amavis.pm have it.
 */
const NOTICE = /^(?:VA|VS|VR|SS|SA|DSN|QRA|ARF|ARE)([A-Za-z0-9_+-]{11,20})@/;

/** The mail_id in a notice's Message-ID; a message that merely looks alike names no mail_id that amavis has given. */
export function noticeParent(messageId: string): string | undefined {
  return NOTICE.exec(messageId)?.[1];
}

/** A release from quarantine has `<MAIL_ID-OWN@…>` as its Resent-Message-ID; mail_ids have 12 characters. */
const RELEASE = /^([A-Za-z0-9_+-]{12})-([A-Za-z0-9_+-]{12})@/;

/** The amavis id of the release, from the Resent-Message-ID of what it sent. */
export function releaseRun(resentMessageId: string): string | undefined {
  const own = RELEASE.exec(resentMessageId)?.[2];
  return own === undefined ? undefined : `rel-${own}`;
}
