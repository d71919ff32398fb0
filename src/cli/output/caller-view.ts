import { toJson } from '@bufbuild/protobuf';
import { type Caller, CallerSchema } from '@signum/contract/signum/v1/caller_service_pb.js';
import { fromWire } from '../input/permissions.ts';
import { instant } from './instants.ts';
import type { Styles } from './output.ts';
import { table } from './table.ts';

/** A caller in the API's own JSON. */
export function callerJson(caller: Caller) {
  return toJson(CallerSchema, caller, { alwaysEmitImplicit: true });
}

/** One line a caller; several API keys share a cell. */
export function callerTable(
  callers: readonly Caller[],
  now: Date,
  { title, good, bad }: Styles,
): string[] {
  if (callers.length === 0) return ['No callers.'];
  return table(
    [
      { title: 'Caller', value: (caller) => caller.name },
      {
        title: 'State',
        value: (caller) => (caller.disabled ? 'disabled' : 'enabled'),
        style: (caller) => (caller.disabled ? bad : good),
      },
      { title: 'Permissions', value: (caller) => caller.permissions.map(fromWire).join(' ') },
      { title: 'Tenants', value: (caller) => caller.tenants.join(' ') },
      { title: 'Keys', value: (caller) => caller.keys.map((key) => key.keyId).join(' ') || '-' },
      { title: 'Public keys', value: (caller) => caller.publicKeyIds.join(' ') || '-' },
      { title: 'Certificates', value: (caller) => caller.certificateNames.join(' ') || '-' },
      { title: 'Last used', value: (caller) => lastUse(caller, now) },
    ],
    callers,
    title,
  );
}

function lastUse({ keys }: Caller, now: Date): string {
  const [latest] = keys
    .flatMap(({ lastUseTime }) => (lastUseTime ? [lastUseTime] : []))
    .sort((a, b) => Number(b.seconds - a.seconds));
  return instant(latest, now);
}
