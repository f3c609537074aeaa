import { listOf, parameter } from '../postfix/instance.js';
import { type Fix, optionFix, type Rule, serviceName, type Verdict } from '../rule.js';
import { firstPass, type Listener, type Setup } from '../setup.js';
import { smtpds } from './return.js';
import { cleanupHas, OVERRIDES } from './return-options.js';

const MAPPINGS = [
  'virtual_alias_maps',
  'canonical_maps',
  'sender_canonical_maps',
  'recipient_canonical_maps',
  'masquerade_domains',
];
const COPIES = ['always_bcc', 'sender_bcc_maps', 'recipient_bcc_maps'];

/** What is to happen once on the whole path, before the filter or after it. */
export const deliveryRules: readonly Rule[] = [
  {
    code: 'delivery-mapping-twice',
    problem: 'dup-address-mapping',
    part: 'delivery',
    severity: 'warning',
    modes: ['after-queue'],
    wanted: 'addresses mapped once: no_address_mappings on the first pass, or mapping off on the second',
    why: 'Aliases that are expanded before and again after the filter give their recipients two copies.',
    judge: (setup) => judgeTwice(setup, MAPPINGS),
  },
  {
    code: 'delivery-mapping-never',
    part: 'delivery',
    severity: 'error',
    modes: ['after-queue'],
    wanted: 'addresses mapped on one of the two passes',
    why: 'With no_address_mappings on both passes no alias is ever expanded: "User unknown", or mail in the wrong mailbox.',
    judge: judgeNever,
  },
  {
    code: 'delivery-bcc-twice',
    problem: 'dup-always-bcc',
    part: 'delivery',
    severity: 'warning',
    modes: ['after-queue'],
    wanted: 'copies made once: no_address_mappings on the first pass, or the bcc settings off on the second',
    why: 'A copy that is made before and again after the filter arrives twice.',
    judge: (setup) => judgeTwice(setup, COPIES),
  },
];

function judgeTwice(setup: Setup, names: readonly string[]): Verdict[] {
  const passes = firstPass(setup);
  const [front] = passes;
  if (front === undefined) return [];
  return smtpds(setup).map((back) => {
    const twice = names.filter((name) => passes.some((pass) => maps(pass, [name])) && maps(back, [name]));
    const [first] = twice;
    if (first === undefined) {
      return { is: 'fine', found: `${names.join(', ')}: none works on both passes`, place: null };
    }
    const place = parameter(front.instance, first).place ?? back.service.place;
    const found = `${twice.join(', ')} work before the filter and after it`;
    return { is: 'wrong', found, place, fix: noMappings(front, back) };
  });
}

function judgeNever(setup: Setup): Verdict[] {
  const passes = firstPass(setup);
  if (passes.length === 0) return [];
  return smtpds(setup).map((back) => {
    const name = MAPPINGS.find((one) => {
      const isSet = [back, ...passes].some((pass) => cleanupHas(pass, [one]));
      return isSet && [back, ...passes].every((pass) => !maps(pass, [one]));
    });
    if (name === undefined)
      return { is: 'fine', found: 'no map is switched off on both passes', place: null };
    const overrides = parameter(back.instance, 'receive_override_options', back.service);
    const kept = listOf(overrides.value ?? '').filter((word) => word !== 'no_address_mappings');
    const value = kept.length > 0 ? kept.join(',') : OVERRIDES.join(',');
    return {
      is: 'wrong',
      found: `${name} is set, and no_address_mappings holds before the filter and after it`,
      place: overrides.place ?? back.service.place,
      fix: optionFix(back, 'receive_override_options', value),
    };
  });
}

/** Whether mail that this service takes in goes through any of these maps. */
function maps(pass: Listener, names: readonly string[]): boolean {
  const overrides = parameter(pass.instance, 'receive_override_options', pass.service).value;
  return !listOf(overrides ?? '').includes('no_address_mappings') && cleanupHas(pass, names);
}

/** Off for all of the first pass, by main.cf; the way back needs receive_override_options of its own then. */
function noMappings({ instance }: Listener, back: Listener): Fix {
  const present = parameter(instance, 'receive_override_options');
  const line = `receive_override_options = ${[...listOf(present.value ?? ''), 'no_address_mappings'].join(',')}`;
  if (back.service.options.has('receive_override_options')) return { line, in: instance.mainFile };
  return {
    line: `${line}\n    -o receive_override_options=${OVERRIDES.join(',')}`,
    in: `${instance.mainFile}, and ${back.instance.masterFile}, under ${serviceName(back.service)}`,
  };
}
