import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Fence } from '@signum/contract/signum/v1/token_pb.js';
import {
  RevokeRequestSchema,
  type RevokeResponse,
  RevokeResponseSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { framed, frameReader } from '../load/grpc-frames.ts';
import type { EdgesPlan } from './run-edges.ts';

/** Calls of Revoke over one connection, on the bare HTTP/2 of Node. */
export interface RevokeCalls {
  /** By access token. Rejects if it is not answered well. */
  revoke(accessToken: string, fence?: Fence): Promise<RevokeResponse>;
  close(): void;
}

const TIMEOUT = '20S';

export function openCalls({ address, apiKey, caFile }: EdgesPlan): RevokeCalls {
  const ca = readFileSync(caFile);
  const session: ClientHttp2Session = connect(address, { ca, servername: 'localhost' });
  session.on('error', () => undefined);
  return {
    revoke(value, fence = Fence.UNSPECIFIED) {
      const { promise, resolve, reject } = Promise.withResolvers<RevokeResponse>();
      const request = create(RevokeRequestSchema, { subject: { case: 'token', value }, fence });
      const stream = session.request({
        ...{ ':method': 'POST', ':path': '/signum.v1.TokenService/Revoke' },
        ...{ 'content-type': 'application/grpc', te: 'trailers', 'grpc-timeout': TIMEOUT },
        authorization: `Bearer ${apiKey}`,
      });
      let answer: RevokeResponse | undefined;
      stream.on(
        'data',
        frameReader((message) => {
          answer = fromBinary(RevokeResponseSchema, message);
        }),
      );
      stream.on('trailers', ({ 'grpc-status': status, 'grpc-message': problem }) => {
        if (status === '0' && answer) resolve(answer);
        else reject(new Error(`Revoke was answered ${status}: ${problem}`));
      });
      stream.on('response', ({ 'grpc-status': status, 'grpc-message': problem }) => {
        if (status) reject(new Error(`Revoke was answered ${status}: ${problem}`));
      });
      stream.on('error', reject);
      stream.on('close', () => reject(new Error('Revoke was not answered')));
      stream.end(framed(Buffer.from(toBinary(RevokeRequestSchema, request))));
      return promise;
    },
    close: () => session.destroy(),
  };
}
