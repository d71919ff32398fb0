import { create } from '@bufbuild/protobuf';
import {
  CallerService,
  CreateCallerResponseSchema,
  DeleteCallerResponseSchema,
  ListCallersResponseSchema,
  RotateCallerKeyResponseSchema,
  SetCallerDisabledResponseSchema,
} from '@signum/contract/signum/v1/caller_service_pb.js';
import type { CallerAdministration } from '../../callers/administer.ts';
import { fromCaller, toPermission } from '../messages/caller.ts';
import { toWholeSecondsMs } from '../messages/values.ts';
import { type MethodRule, rule } from '../method-rule.ts';
import { DEFAULT_PAGE_SIZE, decodePageToken, encodePageToken } from '../page-token.ts';

const LIST = ['callers'];

/** CallerService. */
export function callerMethods(admin: CallerAdministration): MethodRule[] {
  return [
    rule(CallerService.method.createCaller, {
      async handle(call, request) {
        const { caller, apiKey = '' } = await admin.create(call, {
          name: request.name,
          permissions: request.permissions.map(toPermission),
          tenants: request.tenants,
          certificateNames: request.certificateNames,
          withoutKey: request.withoutKey,
          keyLifetimeMs: toWholeSecondsMs('key_lifetime', request.keyLifetime),
          jwks: request.jwks || undefined,
        });
        return create(CreateCallerResponseSchema, { caller: fromCaller(caller), apiKey });
      },
    }),
    listCallers(admin),
    rule(CallerService.method.rotateCallerKey, {
      async handle(call, request) {
        const { caller, apiKey = '' } = await admin.rotateKey(call, {
          name: request.name,
          keyLifetimeMs: toWholeSecondsMs('key_lifetime', request.keyLifetime),
          overlapMs: toWholeSecondsMs('overlap', request.overlap),
          jwks: request.jwks || undefined,
        });
        return create(RotateCallerKeyResponseSchema, { caller: fromCaller(caller), apiKey });
      },
    }),
    rule(CallerService.method.setCallerDisabled, {
      async handle(call, { name, disabled }) {
        const caller = fromCaller(await admin.setDisabled(call, name, disabled));
        return create(SetCallerDisabledResponseSchema, { caller });
      },
    }),
    rule(CallerService.method.deleteCaller, {
      handle: async (call, { name }) =>
        create(DeleteCallerResponseSchema, { deleted: await admin.delete(call, name) }),
    }),
  ];
}

/** Callers are few: all are read, by name, and the page is cut here. */
function listCallers(admin: CallerAdministration): MethodRule {
  return rule(CallerService.method.listCallers, {
    async handle(call, { pageSize, pageToken }) {
      const after = decodePageToken(LIST, pageToken);
      const rest = (await admin.list(call)).filter(({ name }) => name > after);
      const page = rest.slice(0, pageSize || DEFAULT_PAGE_SIZE);
      const last = rest.length > page.length ? page.at(-1) : undefined;
      return create(ListCallersResponseSchema, {
        callers: page.map(fromCaller),
        nextPageToken: last === undefined ? '' : encodePageToken(LIST, last.name),
      });
    },
  });
}
