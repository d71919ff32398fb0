import type { Socket } from 'node:net';
import { bulks } from '../dispatch/command.ts';
import type { Access } from './where/access.ts';
import { ReplyDecoder } from './wire/reply-decoder.ts';

export interface Greeting extends Pick<Access, 'username' | 'password'> {
  readonly db: number;
  /** Shown in Redis' CLIENT LIST. */
  readonly name: string;
}

/** Redis has refused what a connection must begin with. The message is Redis' own. */
export class GreetingRefused extends Error {
  override readonly name = 'GreetingRefused';
  readonly command: 'AUTH' | 'SELECT';

  constructor(command: 'AUTH' | 'SELECT', message: string) {
    super(message);
    this.command = command;
  }
}

/** What answered does not speak Redis' protocol. */
export class NotRedis extends Error {
  override readonly name = 'NotRedis';
}

/** The first byte of a TLS alert, which a server sends to whoever does not begin with a handshake. */
const TLS_ALERT = 0x15;

/**
 * Logs in and selects the database, before anybody gets to use the connection. The client library
 * would report a database that cannot be selected, and use the connection all the same, on database
 * 0. It would do so too where Redis does not want the password.
 */
export async function greet(socket: Socket, greeting: Greeting): Promise<void> {
  const commands = commandsOf(greeting);
  const replies = repliesOf(socket, commands.length);
  socket.write(commands.map((command) => `*${command.length}\r\n${bulks(command)}`).join(''));
  for (const [i, reply] of (await replies).entries()) {
    const command = commands[i]?.[0];
    if (!(reply instanceof Error) || (command !== 'AUTH' && command !== 'SELECT')) continue;
    // Redis repeats the arguments of a command that it does not know.
    throw new GreetingRefused(command, reply.message.split(/,? with args /)[0] ?? '');
  }
}

function repliesOf(socket: Socket, count: number): Promise<readonly unknown[]> {
  return new Promise((resolve, reject) => {
    const replies: unknown[] = [];
    const decoder = new ReplyDecoder({
      onReply: (reply) => replies.push(reply),
      onError: (error) => replies.push(error),
    });
    const end = (error?: Error) => {
      socket.off('data', read).off('error', end).off('close', closed);
      if (error) reject(error);
      else resolve(replies);
    };
    const closed = () => end(new Error('Connection is closed.'));
    const read = (piece: Buffer) => {
      try {
        if (replies.length === 0 && piece[0] === TLS_ALERT) throw new Error('an alert of TLS');
        decoder.write(piece);
        if (replies.length >= count) end();
      } catch {
        end(new NotRedis('what answers does not speak the protocol of Redis'));
      }
    };
    socket.on('data', read).once('error', end).once('close', closed);
  });
}

function commandsOf({ username, password, db, name }: Greeting): string[][] {
  return [
    ...(password === undefined
      ? []
      : [username === undefined ? ['AUTH', password] : ['AUTH', username, password]]),
    ...(db === 0 ? [] : [['SELECT', String(db)]]),
    // Whatever comes of it, it shows that there is a Redis.
    ['CLIENT', 'SETNAME', name],
  ];
}
