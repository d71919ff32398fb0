import { toJson } from '@bufbuild/protobuf';
import { RefreshResponseSchema } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Command } from 'commander';
import { invalidField } from '../../domain/errors.ts';
import type { Cli } from '../cli.ts';
import { withClient } from '../connect/with-client.ts';
import { addDpopOption, callWithProof, type DpopOption, openProver } from '../input/dpop-option.ts';
import type { GlobalOptions } from '../input/global-options.ts';
import { readToken, TOKEN_ARGUMENT } from '../input/token-input.ts';
import { print } from '../output/output.ts';
import { addPairOutput, type PairOutput, pairFields, printPair } from '../output/pair-output.ts';
import { fields } from '../output/table.ts';

type RefreshOptions = GlobalOptions & PairOutput & DpopOption;

const EXAMPLES = `
Examples:
  echo "$REFRESH_TOKEN" | signum refresh -
  eval "$(echo "$REFRESH_TOKEN" | signum refresh - --output shell)"
  echo "$REFRESH_TOKEN" | signum refresh - --dpop key.jwk         a session that is bound to a key

A refresh token is good for one use. Used again within the grace window (10 s unless configured) it
gives the same answer again; used later it ends the session, since someone may have copied it.
`;

/** `signum refresh`: exchanges a refresh token for the next pair. */
export function refreshCommand(program: Command, cli: Cli): void {
  const command = program
    .command('refresh')
    .description('Exchange a refresh token for a new access and refresh token.')
    .argument('[token]', `the refresh token: ${TOKEN_ARGUMENT}`)
    .addHelpText('after', EXAMPLES);
  addPairOutput(addDpopOption(command)).action(async (argument: string | undefined) =>
    refresh(cli, argument, command.optsWithGlobals<RefreshOptions>()),
  );
}

async function refresh(
  cli: Cli,
  argument: string | undefined,
  options: RefreshOptions,
): Promise<void> {
  const refreshToken = await readToken(cli, argument);
  if (refreshToken === undefined) {
    throw invalidField('TOKEN', 'is needed: on stdin (-) or in SIGNUM_TOKEN');
  }
  const prover = await openProver(options, { rpc: 'Refresh', token: refreshToken });
  const response = await withClient(cli, options, ({ tokens }, { address }) =>
    callWithProof(prover?.(address), (shown) => tokens.refresh({ refreshToken }, shown)),
  );
  if (printPair(cli, options, response.tokens)) return;
  print(cli, options, {
    json: () => toJson(RefreshResponseSchema, response, { alwaysEmitImplicit: true }),
    text: ({ dim }) =>
      fields(
        [
          ...pairFields(response.tokens, cli.now()),
          ['Replayed', response.replayed ? 'yes: the same tokens as in the first answer' : 'no'],
          ['Revision', response.revision],
        ],
        dim,
      ),
  });
}
