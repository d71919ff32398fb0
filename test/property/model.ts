import { Verdict } from '@signum/contract/signum/v1/token_service_pb.js';

/** What the service ought to know of one device: the whole of it. */
interface ModelSession {
  readonly refreshTokens: string[];
  current: string;
}

/**
 * The specification, small enough to be right by looking at it: at most one active token a device,
 * and a token that has once stopped being active never is again.
 */
export class Model {
  readonly #sessions = new Map<string, ModelSession>();
  /** Every access token there has been, with the verdict on it. */
  readonly verdicts = new Map<string, Verdict>();

  issue(device: string, access: string, refresh: string): void {
    this.#end(device, Verdict.SUPERSEDED);
    this.#sessions.set(device, { refreshTokens: [refresh], current: access });
    this.verdicts.set(access, Verdict.ACTIVE);
  }

  /** What presenting the refresh token of `behind` refreshes ago leads to. */
  expectRefresh(device: string, behind: number): 'ROTATED' | 'REPLAYED' | 'REUSED' | 'GONE' {
    const session = this.#sessions.get(device);
    if (!session || behind >= session.refreshTokens.length) return 'GONE';
    return behind === 0 ? 'ROTATED' : behind === 1 ? 'REPLAYED' : 'REUSED';
  }

  rotate(device: string, access: string, refresh: string): void {
    const session = this.#sessions.get(device);
    if (!session) throw new Error('nothing to rotate');
    this.verdicts.set(session.current, Verdict.REVOKED);
    this.verdicts.set(access, Verdict.ACTIVE);
    session.refreshTokens.unshift(refresh);
    session.current = access;
  }

  refreshToken(device: string, behind: number): string | undefined {
    return this.#sessions.get(device)?.refreshTokens[behind];
  }

  current(device: string): string | undefined {
    return this.#sessions.get(device)?.current;
  }

  end(device: string, verdict: Verdict = Verdict.REVOKED): boolean {
    return this.#end(device, verdict);
  }

  #end(device: string, verdict: Verdict): boolean {
    const session = this.#sessions.get(device);
    if (!session) return false;
    this.verdicts.set(session.current, verdict);
    this.#sessions.delete(device);
    return true;
  }
}
