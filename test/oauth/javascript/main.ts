/**
 * Runs stock clients against a Signum; prints what they found as JSON, by library. What they are given
 * comes as JSON on standard input, secrets included: an argument would be seen by everyone on the machine.
 */
import { json } from 'node:stream/consumers';
import type { Given } from '../client-lab.ts';
import { runJose } from './jose.ts';
import { runOpenidClient } from './openid-client.ts';

export interface Input {
  readonly issuer: string;
  readonly audience: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly jose: Given;
  readonly 'openid-client': Given;
}

const input = (await json(process.stdin)) as Input;
const found = {
  jose: await runJose(input, input.jose),
  'openid-client': await runOpenidClient(input, input['openid-client']),
};
process.stdout.write(JSON.stringify(found));
