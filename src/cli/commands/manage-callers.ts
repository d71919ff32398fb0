import { readFile } from 'node:fs/promises';
import { type JsonValue, toJson } from '@bufbuild/protobuf';
import type { Duration } from '@bufbuild/protobuf/wkt';
import {
  type Caller,
  DeleteCallerResponseSchema,
} from '@signum/contract/signum/v1/caller_service_pb.js';
import type { Permission } from '../../domain/caller.ts';
import { invalidField } from '../../domain/errors.ts';
import type { Cli } from '../cli.ts';
import { withClient } from '../connect/with-client.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { toWire } from '../input/permissions.ts';
import { type ApiKeyOutput, savingKey } from '../output/api-key-output.ts';
import { callerJson, callerTable } from '../output/caller-view.ts';
import { print, printValue } from '../output/output.ts';

interface KeyOptions extends GlobalOptions, ApiKeyOutput {
  readonly keyLifetime?: Duration;
  /** A file. */
  readonly jwks?: string;
}

export interface CreateCallerOptions extends KeyOptions {
  readonly permission: readonly Permission[];
  readonly tenant: readonly string[];
  readonly certificateName?: readonly string[];
  readonly withoutKey?: boolean;
}

export interface RotateCallerKeyOptions extends KeyOptions {
  readonly overlap?: Duration;
}

interface NewKey {
  readonly caller?: Caller | undefined;
  readonly apiKey: string;
}

export async function createCaller(
  cli: Cli,
  name: string,
  options: CreateCallerOptions,
): Promise<void> {
  const jwks = await readJwksOption(options);
  const answer = await savingKey(options.save, () =>
    withClient(cli, options, ({ callers }) =>
      callers.createCaller({
        name,
        permissions: options.permission.map(toWire),
        tenants: [...options.tenant],
        certificateNames: [...(options.certificateName ?? [])],
        withoutKey: options.withoutKey ?? false,
        ...(options.keyLifetime && { keyLifetime: options.keyLifetime }),
        ...(jwks !== undefined && { jwks }),
      }),
    ),
  );
  printNewKey(cli, options, answer);
}

export async function rotateCallerKey(
  cli: Cli,
  name: string,
  options: RotateCallerKeyOptions,
): Promise<void> {
  const jwks = await readJwksOption(options);
  if (jwks !== undefined && options.save !== undefined) {
    throw invalidField('--save', 'must be absent with --jwks: no API key is made');
  }
  const answer = await savingKey(options.save, () =>
    withClient(cli, options, ({ callers }) =>
      callers.rotateCallerKey({
        name,
        ...(options.keyLifetime && { keyLifetime: options.keyLifetime }),
        ...(options.overlap && { overlap: options.overlap }),
        ...(jwks !== undefined && { jwks }),
      }),
    ),
  );
  printNewKey(cli, options, answer);
}

export async function listCallers(cli: Cli, options: GlobalOptions): Promise<void> {
  const found = await withClient(cli, options, async ({ callers }) => {
    const all: Caller[] = [];
    let pageToken = '';
    do {
      const page = await callers.listCallers({ pageSize: 100, pageToken });
      all.push(...page.callers);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return all;
  });
  print(cli, options, {
    json: () => ({ callers: found.map(callerJson) }),
    text: (styles) => callerTable(found, cli.now(), styles),
  });
}

export async function setCallerDisabled(
  cli: Cli,
  name: string,
  disabled: boolean,
  options: GlobalOptions,
): Promise<void> {
  const { caller } = await withClient(cli, options, ({ callers }) =>
    callers.setCallerDisabled({ name, disabled }),
  );
  print(cli, options, {
    json: () => ({ caller: caller ? callerJson(caller) : null }),
    text: (styles) => callerTable(caller ? [caller] : [], cli.now(), styles),
  });
}

export async function deleteCaller(cli: Cli, name: string, options: GlobalOptions): Promise<void> {
  const answer = await withClient(cli, options, ({ callers }) => callers.deleteCaller({ name }));
  print(cli, options, {
    json: () => toJson(DeleteCallerResponseSchema, answer, { alwaysEmitImplicit: true }),
    text: () => [answer.deleted ? `Deleted ${name}.` : `There was no caller ${name}.`],
  });
}

/** What it holds is for the server to judge: the rules are one place's. */
async function readJwksOption({ jwks }: KeyOptions): Promise<string | undefined> {
  if (jwks === undefined) return undefined;
  const text = await readFile(jwks, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw invalidField('--jwks', `cannot be read (${error.code})`);
  });
  // The server would take it for no file at all, and make an API key.
  if (text === '') throw invalidField('--jwks', 'must not be empty');
  return text;
}

/** A key that was saved to a file is not shown as well. */
function printNewKey(cli: Cli, options: KeyOptions, { caller, apiKey }: NewKey): void {
  const saved = options.save !== undefined;
  if (options.quiet) {
    if (!saved && apiKey !== '') printValue(cli, apiKey);
    return;
  }
  print(cli, options, {
    json: (): JsonValue => ({
      caller: caller ? callerJson(caller) : null,
      apiKey: saved ? '' : apiKey,
    }),
    text: (styles) => [
      ...callerTable(caller ? [caller] : [], cli.now(), styles),
      ...keyLines(apiKey, options.save),
    ],
  });
}

function keyLines(apiKey: string, savedTo: string | undefined): string[] {
  if (savedTo !== undefined) return ['', `The API key is in ${savedTo}.`];
  return apiKey === '' ? [] : ['', 'API key, shown this once:', apiKey];
}
