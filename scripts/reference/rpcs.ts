// docs/reference/rpcs.md, from the services in proto/signum/v1/.
import type { DescMethod, DescService, FileRegistry } from '@bufbuild/protobuf';
import { paragraphsOf } from './comment.ts';

const INTRODUCTION = `# RPCs

<!-- Generated from proto/signum/v1/ by \`npm run docs\`. Do not edit. -->

Each is \`POST /<service>/<method>\` by Connect, and the same path by gRPC and gRPC-web. Messages, their
fields and limits stand in \`proto/signum/v1/\`; reasons of errors in [errors.md](errors.md).

A client says how long it waits in \`connect-timeout-ms\` (Connect, and the HTTP endpoints beside it: 1 to 10 digits) or
in \`grpc-timeout\` (gRPC and gRPC-web); the other protocol's header is refused. It gets
[SIGNUM_DEADLINE_MAX](settings.md#deadline_max) at most. Where it says nothing, a call has
[SIGNUM_DEADLINE_DEFAULT](settings.md#deadline_default), and what may wait for replicas, a disk or edges the most there
is: revocations, and Issue with a fence. \`/authz\` reads neither header, since those it gets are its client's.`;

const KINDS: Readonly<Record<DescMethod['methodKind'], string>> = {
  unary: 'one message, one answer',
  server_streaming: 'one message, a stream of answers',
  client_streaming: 'a stream of messages, one answer',
  bidi_streaming: 'streams both ways',
};

export function rpcsReference(contract: FileRegistry): string {
  const services = [...contract]
    .filter((desc): desc is DescService => desc.kind === 'service')
    .filter(({ typeName }) => typeName.startsWith('signum.v1.'))
    .sort((a, b) => (a.typeName < b.typeName ? -1 : 1));
  return [INTRODUCTION, ...services.flatMap(serviceSection)].join('\n\n').concat('\n');
}

function serviceSection(service: DescService): string[] {
  return [
    `## ${service.typeName}`,
    ...paragraphsOf(service),
    ...service.methods.flatMap(methodSection),
  ];
}

function methodSection(method: DescMethod): string[] {
  const { name, input, output, methodKind } = method;
  return [
    `### ${name}`,
    `\`${input.name}\` → \`${output.name}\`: ${KINDS[methodKind]}.`,
    ...paragraphsOf(method).map(linkErrors),
  ];
}

/** Names of reasons lead to their descriptions. */
function linkErrors(paragraph: string): string {
  const at = paragraph.search(/Errors( \([^)]*\))?:/);
  if (at < 0) return paragraph;
  const linked = paragraph.slice(at).replaceAll(/\b[A-Z]+(?:_[A-Z]+)*\b(?=[,.])/g, (name) => {
    return `[${name}](errors.md#${name.toLowerCase()})`;
  });
  return `${paragraph.slice(0, at)}${linked}`;
}
