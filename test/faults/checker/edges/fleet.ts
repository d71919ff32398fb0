import type { HeldToken } from '../held-token.ts';
import type { Judge } from '../judge.ts';
import type { Deployment, SignumProcess } from '../signum-process.ts';
import { compareFeeds, type PartitionTruth } from './compare-feeds.ts';
import { EdgeJudge } from './edge-judge.ts';
import type {
  FromEdge,
  FromSubscriber,
  KnownEnd,
  StreamReport,
  ToEdge,
  ToSubscriber,
} from './messages.ts';
import { PeerProcess, within } from './peer-process.ts';
import type { SteppedClock } from './stepped-clock.ts';

export type EdgeProcess = PeerProcess<ToEdge, FromEdge>;

export interface FleetOptions {
  readonly deployment: Deployment;
  readonly servers: readonly SignumProcess[];
  readonly judge: Judge;
  readonly edges: number;
  /** How long a primary that has been replaced may go on answering. */
  readonly deposedMs: number;
  /** Of the first edge; undefined where clocks cannot be set. */
  readonly clock: SteppedClock | undefined;
}

const FOLDER = 'test/faults/checker/edges';
const LIVE_MS = 30_000;
const REPORT_MS = 40_000;
const TELL_MS = 20;
const LOST = 'a subscriber misses or repeats';

/** Edges and a subscriber, each a process, and what they are held to. */
export class EdgeFleet {
  readonly judge: EdgeJudge;
  readonly edges: EdgeProcess[] = [];
  subscriber: PeerProcess<ToSubscriber, FromSubscriber> | undefined;
  /** Of the subscriber: ends that it was asked about, events, and partitions that began anew. */
  readonly told = { checked: 0, events: 0, resets: 0 };
  readonly #options: FleetOptions;
  readonly #isLive = new Map<EdgeProcess, boolean>();
  readonly #ended = new Map<string, HeldToken>();
  readonly #missed = new Set<string>();
  #fresh: KnownEnd[] = [];
  #telling: NodeJS.Timeout | undefined;
  #report: ((report: readonly StreamReport[]) => void) | undefined;

  private constructor(options: FleetOptions) {
    this.#options = options;
    this.judge = new EdgeJudge(options.judge, options.deposedMs);
  }

  static async start(options: FleetOptions): Promise<EdgeFleet> {
    const fleet = new EdgeFleet(options);
    const { deployment, servers, edges, clock } = options;
    // Each begins at another server, and goes on to the next.
    const from = (i: number) => ({
      deployment,
      servers: servers.map((_, j) => servers[(i + j) % servers.length] as SignumProcess),
    });
    for (let i = 0; i < edges; i += 1) {
      const edge: EdgeProcess = await PeerProcess.start({
        ...{ ...from(i), program: `${FOLDER}/edge-program.ts` },
        env: i === 0 ? clock?.env : undefined,
        hear: (message: FromEdge) => {
          fleet.#isLive.set(edge, message.isLive);
          fleet.judge.hear(`edge ${i}`, message);
        },
      });
      fleet.edges.push(edge);
    }
    fleet.subscriber = await PeerProcess.start({
      ...{ ...from(1), program: `${FOLDER}/subscriber-program.ts` },
      hear: (message: FromSubscriber) => fleet.#hear(message),
    });
    fleet.#telling = setInterval(() => fleet.#tellEnded(), TELL_MS);
    return fleet;
  }

  watch(token: HeldToken): void {
    this.judge.watch(token);
    for (const edge of this.edges) {
      edge.tell({ watch: [{ id: token.id, token: token.access }] });
    }
  }

  /** A token has ended for certain, or all of its tenant: whoever follows the feed hears of it. */
  acknowledged(token: HeldToken, tenantId?: string): void {
    const what = tenantId ? `tenant:${tenantId}` : token.id.replaceAll('-', '');
    this.#ended.set(what, token);
    this.#fresh.push([what, token.partition]);
  }

  isLive(edge: EdgeProcess): boolean {
    return this.#isLive.get(edge) === true;
  }

  /** Kills an edge and starts it again; resolves when it answers by itself, or does not in time. */
  async restart(edge: EdgeProcess): Promise<void> {
    await edge.kill();
    this.#isLive.set(edge, false);
    edge.start();
    await within('the edge is live', () => this.isLive(edge), LIVE_MS);
  }

  /** The plain stream is not read for a while. */
  pauseReader(pauseMs: number): void {
    this.subscriber?.tell({ pauseMs });
  }

  /** Everything is mended: all edges answer by themselves again, or that is a violation. */
  async settled(): Promise<void> {
    const { judge } = this.#options;
    const isLive = () => this.edges.every((edge) => this.isLive(edge));
    if (!(await within('every edge is live', isLive, LIVE_MS))) {
      judge.violated('an edge does not come back', 'everything was mended');
    }
    for (const [i, peer] of [...this.edges, this.subscriber].entries()) {
      if (peer?.failure)
        judge.violated('an edge does not come back', `process ${i} ${peer.failure}`);
    }
  }

  /** Holds all that the subscriber was told against what Redis holds. */
  async compare(truths: readonly PartitionTruth[]): Promise<void> {
    const { judge } = this.#options;
    this.#tellEnded();
    let reports: readonly StreamReport[] | undefined;
    this.#report = (report) => {
      reports = report;
    };
    this.subscriber?.tell({ report: truths.map(({ partition, head }) => [partition, head]) });
    await within('the subscriber has told', () => reports !== undefined, REPORT_MS);
    if (!reports) judge.violated(LOST, 'the subscriber does not answer');
    for (const report of reports ?? []) {
      for (const fault of compareFeeds(report, truths)) judge.violated(LOST, fault);
    }
    for (const what of this.#missed) this.#miss(what);
  }

  async stop(): Promise<void> {
    clearInterval(this.#telling);
    await Promise.all([...this.edges, this.subscriber].map((peer) => peer?.destroy()));
  }

  #tellEnded(): void {
    if (this.#fresh.length === 0) return;
    this.subscriber?.tell({ ended: this.#fresh });
    this.#fresh = [];
  }

  #hear(message: FromSubscriber): void {
    if ('report' in message) this.#report?.(message.report);
    else if ('missed' in message) {
      for (const [what] of message.missed) {
        // What is lost at the moment is known when that is over.
        if (this.#options.judge.isLosing) this.#missed.add(what);
        else this.#miss(what);
      }
    } else if ('checked' in message) Object.assign(this.told, message);
    else for (const fault of message.faults) this.#options.judge.violated(LOST, fault);
  }

  #miss(what: string): void {
    const { judge } = this.#options;
    const token = this.#ended.get(what);
    if (!token || judge.isExempt(token)) return;
    judge.violated(LOST, `a checkpoint came without the end of ${token.id}`, token);
  }
}
