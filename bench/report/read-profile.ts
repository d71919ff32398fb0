import { readFileSync } from 'node:fs';
import type { ProfileLine, ServerProfile } from './results.ts';

/** The part of a V8 CPU profile that is read. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly children?: readonly number[];
  readonly callFrame: CallFrame;
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

const LOADING =
  /^node:internal\/modules\/|^node:internal\/bootstrap|^node:internal\/process\/execution/;

/** What a server spends its time on while it serves: neither idling nor loading its modules. */
export function readProfile(file: string, lines: number): ServerProfile {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  const partOf = namesOfParts(profile.nodes);
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const functions = new Map<string, number>();
  const parts = new Map<string, number>();
  let total = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id);
    const part = partOf.get(id);
    if (!frame || !part || frame.functionName === '(idle)') continue;
    const micros = profile.timeDeltas[index] ?? 0;
    add(functions, functionName(frame, part), micros);
    add(parts, part, micros);
    total += micros;
  }
  return { functions: top(functions, total, lines), parts: top(parts, total, lines) };
}

function add(sums: Map<string, number>, name: string, micros: number): void {
  sums.set(name, (sums.get(name) ?? 0) + micros);
}

function top(sums: ReadonlyMap<string, number>, total: number, count: number): ProfileLine[] {
  return [...sums]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, micros]) => ({ name, share: micros / total }));
}

/** Each node's part; native functions count for the part that calls them. Loading has none. */
function namesOfParts(nodes: readonly ProfileNode[]): Map<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parts = new Map<number, string>();
  const visit = (node: ProfileNode, caller: string) => {
    if (LOADING.test(node.callFrame.url)) return;
    const part = partName(node.callFrame, caller);
    parts.set(node.id, part);
    for (const child of node.children ?? []) visit(byId.get(child) as ProfileNode, part);
  };
  if (nodes[0]) visit(nodes[0], '(root)');
  return parts;
}

function partName({ functionName, url }: CallFrame, caller: string): string {
  if (!url)
    return functionName.startsWith('(') ? functionName : `${caller.replace(/ native$/, '')} native`;
  const module = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  const folder = /\/(src\/[^/]+)\//.exec(url)?.[1];
  return module ?? folder ?? url.replace(/^node:internal\/([^/]+).*$/, 'node:$1');
}

function functionName({ functionName: name, url, lineNumber }: CallFrame, part: string): string {
  if (!url) return name.startsWith('(') ? name : `${name} in ${part}`;
  const path = url.replace(/^.*\/node_modules\//, '').replace(/^file:\/\/.*\/(?=src\/)/, '');
  return `${name || '(anonymous)'} ${path}:${lineNumber + 1}`;
}
