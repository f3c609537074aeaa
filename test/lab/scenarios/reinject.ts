/** What goes wrong on the way back from the filter. */
import type { Lab, Scenario } from '../scenario.js';

function deferred(problem: string) {
  return async (lab: Lab): Promise<void> => {
    await lab.send({ to: ['alice@example.com'] }, { recipients: 'deferred', problems: [problem] });
    await lab.send(
      { to: ['bob@example.com', 'carol@example.com'] },
      { recipients: 'deferred', problems: [problem] },
    );
    await lab.settle();
  };
}

async function missingThenThere(lab: Lab): Promise<void> {
  await lab.send({ to: ['alice@example.com'] }, { recipients: 'delivered', problems: ['reinject-refused'] });
  await lab.settle();
  await lab.system.postfix.configure({});
  await lab.system.postfix.flush();
  await lab.settle();
}

async function tooBig(lab: Lab): Promise<void> {
  await lab.send(
    { to: ['alice@example.com'], padding: 40_000 },
    { recipients: 'bounced', children: 1, problems: ['reinject-too-big'] },
  );
  await lab.send({ to: ['bob@example.com'] }, { recipients: 'delivered', problems: [] });
  await lab.settle();
}

async function relayDenied(lab: Lab): Promise<void> {
  await lab.send(
    { to: ['alice@example.com'] },
    { recipients: 'bounced', children: 1, problems: ['reinject-relay-denied'] },
  );
  await lab.settle();
}

async function unknownUser(lab: Lab): Promise<void> {
  await lab.send(
    { to: ['nosuchuser@example.com'] },
    { recipients: 'bounced', children: 1, problems: ['reinject-user-unknown'] },
  );
  await lab.send({ to: ['bob@example.com'] }, { recipients: 'delivered', problems: [] });
  await lab.settle();
}

async function loop(lab: Lab): Promise<void> {
  await lab.send(
    { to: ['alice@example.com'] },
    { recipients: 'bounced', children: 1, problems: ['filter-loop'] },
  );
  await lab.settle();
}

/** 10025 refuses one of two recipients for now: amavis passes that on, recipient by recipient. */
async function partly(lab: Lab): Promise<void> {
  await lab.send(
    { to: ['alice@example.com', 'bob@example.com'] },
    {
      recipients: { 'alice@example.com': 'delivered', 'bob@example.com': 'deferred' },
      problems: ['reinject-partial'],
    },
  );
  await lab.settle();
}

export const reinject: readonly Scenario[] = [
  {
    name: 'reinject_down',
    note: 'no smtpd at 10025: amavis tempfails',
    postfix: { reinject: null },
    check: ['reinject-forward'],
    run: deferred('reinject-refused'),
  },
  {
    name: 'reinject_down_then_up',
    note: 'no smtpd at 10025 at first',
    postfix: { reinject: null },
    check: ['reinject-forward'],
    run: missingThenThere,
  },
  {
    name: 'reinject_rejected',
    note: '10025 takes nothing from the filter: mynetworks lacks its address',
    postfix: { reinject: { mynetworks: '192.0.2.0/24' } },
    check: ['reinject-mynetworks'],
    run: deferred('reinject-rejected'),
  },
  {
    name: 'reinject_helo',
    note: '10025 refuses the name that amavis greets with',
    postfix: {
      reinject: { smtpd_helo_restrictions: 'check_helo_access inline:{ {localhost = REJECT go away} }' },
    },
    check: ['reinject-helo'],
    run: deferred('reinject-rejected'),
  },
  {
    name: 'reinject_too_big',
    note: '10025 has a smaller message_size_limit than 25',
    postfix: { reinject: { message_size_limit: '20000' } },
    check: ['reinject-size'],
    run: tooBig,
  },
  {
    name: 'reinject_relay_denied',
    note: '10025 rejects the recipients',
    postfix: {
      reinject: {
        smtpd_client_restrictions: '',
        mynetworks: '192.0.2.0/24',
        smtpd_relay_restrictions: '',
        smtpd_recipient_restrictions: 'permit_mynetworks,reject',
      },
    },
    check: ['reinject-mynetworks'],
    run: relayDenied,
  },
  {
    name: 'reinject_user_unknown',
    note: '25 takes mail for anybody, 10025 does not',
    postfix: {
      smtpd: { local_recipient_maps: '' },
      reinject: { receive_override_options: 'no_header_body_checks,no_milters' },
    },
    check: ['reinject-unknown-recipients'],
    run: unknownUser,
  },
  {
    name: 'reinject_partial',
    note: '10025 tempfails one of two recipients',
    postfix: {
      reinject: {
        smtpd_recipient_restrictions:
          'check_recipient_access inline:{ { bob@example.com = 450 4.2.0 greylisted } },permit_mynetworks,reject',
      },
    },
    check: ['reinject-recipient'],
    run: partly,
  },
  {
    name: 'filter_loop',
    note: '10025 without content_filter= sends everything back to the filter',
    postfix: { reinject: { content_filter: 'amavisfeed:[127.0.0.1]:10024' }, main: { hopcount_limit: '8' } },
    check: ['reinject-loop'],
    run: loop,
  },
];
