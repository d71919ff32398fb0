import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in ticks of 10 ms on every architecture that Node runs on. */
const MS_PER_TICK = 10;

/** CPU time of a process and its children so far, in milliseconds; 0 where /proc is absent. */
export function cpuMs(pid: number): number {
  const fields = statFields(pid);
  const own = fields ? (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK : 0;
  return childrenOf(pid).reduce((sum, child) => sum + cpuMs(child), own);
}

/** Resident memory of a process and its children, in bytes. */
export function residentBytes(pid: number): number {
  const own = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? '0';
  return childrenOf(pid).reduce((sum, child) => sum + residentBytes(child), Number(own) * 1024);
}

/** Time a CPU has worked so far, in milliseconds, for whomever. */
export function cpuBusyMs(cpu: number): number {
  const line = new RegExp(`^cpu${cpu} (.*)$`, 'm').exec(read('/proc/stat'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(' ').map(Number);
  return (user + nice + system + irq + softirq) * MS_PER_TICK;
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** The fields after the command name, which may hold anything. */
function statFields(pid: number): readonly string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text ? text.slice(text.lastIndexOf(')') + 2).split(' ') : undefined;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
