import type { Redis } from 'ioredis';
import { NotSent } from './faults.ts';

/**
 * Whether one connection can be used. The circuit opens when the connection is lost or goes silent,
 * and then refuses at once: nobody waits for a Redis that is known to be down. Each attempt to
 * connect is a probe; one that connects and has greeted closes the circuit.
 *
 * Silence is counted in ticks of the event loop, not by the clock. After a pause of this process
 * the answers lie unread in the socket, and that must not pass for silence of Redis.
 */
export class CircuitBreaker {
  readonly #node: Redis;
  readonly #silentTicksAllowed: number;
  #awaited = 0;
  #silentTicks = 0;
  #isSilent = false;
  #wasLost = false;
  /** Counts how often the connection has been made; what came before another one proves nothing. */
  epoch = 0;

  constructor(node: Redis, silentTicksAllowed: number) {
    this.#node = node;
    this.#silentTicksAllowed = silentTicksAllowed;
    node.on('ready', () => {
      this.epoch += 1;
      this.#isSilent = false;
      this.#silentTicks = 0;
    });
    node.on('close', () => {
      this.epoch += 1;
      this.#wasLost = true;
    });
  }

  /**
   * Throws NotSent unless a command can be sent now. Worth a moment are NEWCONNECTION, if it has
   * never been there and is being made, and CLOSING, if one side has ended it just now.
   */
  check(): void {
    const { status, stream } = this.#node;
    if (status === 'ready' && !this.#isSilent) {
      if (stream.writable) return;
      throw new NotSent('CLOSING');
    }
    if (status === 'wait') this.#node.connect().catch(() => undefined);
    throw new NotSent(this.#isSilent || this.#wasLost ? 'NOT_CONNECTED' : 'NEWCONNECTION');
  }

  /** A command went out. Each call is followed by one of `answered`. */
  sent(): void {
    this.#awaited += 1;
  }

  /** Its answer came, or it has failed. */
  answered(): void {
    this.#awaited -= 1;
    this.#silentTicks = 0;
  }

  /** Returns whether this tick has found the connection silent for too long; it is then dropped. */
  tick(): boolean {
    if (this.#awaited === 0 || this.#isSilent) return false;
    this.#silentTicks += 1;
    if (this.#silentTicks <= this.#silentTicksAllowed) return false;
    this.#isSilent = true;
    this.#node.disconnect(true);
    return true;
  }
}
