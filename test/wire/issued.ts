import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import { DeviceRefSchema, type TokenPair } from '@signum/contract/signum/v1/token_pb.js';
import {
  IssueRequestSchema,
  type TokenService,
  Verdict,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { DeviceRef } from '@signum/token';

export type Tokens = Client<typeof TokenService>;

let devices = 0;

/** A device that no other test of the file uses, of a user of its own unless one is named. */
export function newDevice(other: Partial<DeviceRef> = {}): DeviceRef {
  devices += 1;
  return { tenantId: 'acme', userId: `user-${devices}`, deviceId: `device-${devices}`, ...other };
}

/** Issues, and gives the pair that the answer must hold. */
export async function issued(
  tokens: Tokens,
  device: DeviceRef,
  wish: MessageInitShape<typeof IssueRequestSchema> = {},
): Promise<TokenPair> {
  const request = create(IssueRequestSchema, wish);
  request.device = create(DeviceRefSchema, device);
  return pairOf(await tokens.issue(request));
}

/** Refreshes, and gives the pair that the answer must hold. */
export async function refreshed(tokens: Tokens, refreshToken: string): Promise<TokenPair> {
  return pairOf(await tokens.refresh({ refreshToken }));
}

export function pairOf(answer: { tokens?: TokenPair | undefined }): TokenPair {
  if (answer.tokens === undefined) throw new Error('the answer holds no tokens');
  return answer.tokens;
}

/** The name of the verdict on a presented access token. */
export async function verdictOf(tokens: Tokens, token: string): Promise<keyof typeof Verdict> {
  const { verdict, active } = await tokens.validate({ subject: { case: 'token', value: token } });
  if (active !== (verdict === Verdict.ACTIVE)) throw new Error('active and verdict disagree');
  return Verdict[verdict] as keyof typeof Verdict;
}
