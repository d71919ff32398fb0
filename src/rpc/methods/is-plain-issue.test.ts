import { create } from '@bufbuild/protobuf';
import { SupersedePolicy } from '@signum/contract/signum/v1/token_pb.js';
import {
  type IssueRequest,
  IssueRequestSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCheckMessage } from '../check-message.ts';
import { isPlainIssue } from './is-plain-issue.ts';

const device = { tenantId: 'acme', userId: 'u1', deviceId: 'phone' };
const checkMessage = createCheckMessage();

function keepsTheContract(request: IssueRequest): boolean {
  try {
    checkMessage(IssueRequestSchema, request);
    return true;
  } catch {
    return false;
  }
}

test('what a service usually asks for is plain', () => {
  const usual = {
    device,
    scopes: ['read', 'write'],
    metadata: { ip: '2001:db8::1', userAgent: 'Mozilla/5.0', label: "Ada's phone" },
    accessLifetime: { seconds: 600n },
    policy: SupersedePolicy.DENY_NEW,
    requestId: '0192f0c4-7b7e-7000-8000-000000000000',
  };
  expect(isPlainIssue(create(IssueRequestSchema, { device }))).toBe(true);
  expect(isPlainIssue(create(IssueRequestSchema, usual))).toBe(true);
});

test('nothing that is plain breaks a rule of the contract', () => {
  const mostly = <T>(usual: T, other: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
  const text = (maxLength: number) =>
    fc.oneof(fc.string({ unit: 'binary', maxLength }), fc.string({ minLength: 0, maxLength }));
  const lifetime = fc.record({
    seconds: fc.oneof(
      fc.bigInt({ min: -2n, max: 2n }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    ),
    nanos: fc.integer({ min: -1, max: 1 }),
  });
  const scope = fc.oneof(
    fc.constantFrom('read', 'a"b', 'ä', 'x\n', ''),
    fc.string({ maxLength: 130 }),
  );
  const ip = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom('fe80::1%eth0', '1.2.3', '::ffff:1.2.3.4', '01.2.3.4'),
  );
  const id = mostly('acme', text(260));
  const request = fc.record({
    device: mostly(device, fc.record({ tenantId: id, userId: id, deviceId: id })),
    scopes: mostly([], fc.array(scope, { maxLength: 70 })),
    audiences: mostly([], fc.array(fc.string(), { maxLength: 9 })),
    metadata: mostly({}, fc.record({ ip: mostly('', ip), userAgent: text(180), label: text(50) })),
    accessLifetime: mostly({ seconds: 600n, nanos: 0 }, lifetime),
    policy: mostly(0, fc.integer({ min: -1, max: 5 })),
    requestId: mostly('', fc.oneof(fc.uuid(), fc.string())),
    proof: mostly('', text(1_400)),
  });
  fc.assert(
    fc.property(request, (init) => {
      const message = create(IssueRequestSchema, init as never);
      if (isPlainIssue(message)) expect(keepsTheContract(message)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
