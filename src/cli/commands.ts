import type { Command } from 'commander';
import type { Cli } from './cli.ts';

type Register = (program: Command, cli: Cli) => void;

interface CommandEntry {
  readonly name: string;
  /** The line in `signum --help`. */
  readonly summary: string;
  readonly load: () => Promise<Register>;
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'issue',
    summary: 'issue tokens for a user who has just been authenticated',
    load: async () => (await import('./commands/issue.ts')).issueCommand,
  },
  {
    name: 'validate',
    summary: 'say whether an access token is good right now',
    load: async () => (await import('./commands/validate.ts')).validateCommand,
  },
  {
    name: 'refresh',
    summary: 'exchange a refresh token for the next pair',
    load: async () => (await import('./commands/refresh.ts')).refreshCommand,
  },
  {
    name: 'revoke',
    summary: "end a session, a user's sessions, or a tenant's",
    load: async () => (await import('./commands/revoke.ts')).revokeCommand,
  },
  {
    name: 'sessions',
    summary: "list a user's live sessions",
    load: async () => (await import('./commands/sessions.ts')).sessionsCommand,
  },
  {
    name: 'watch',
    summary: 'print every end of a token as it happens',
    load: async () => (await import('./commands/watch.ts')).watchCommand,
  },
  {
    name: 'keys',
    summary: 'list, rotate and revoke signing keys',
    load: async () => (await import('./commands/keys.ts')).keysCommand,
  },
  {
    name: 'callers',
    summary: 'say who may call, and for what',
    load: async () => (await import('./commands/callers.ts')).callersCommand,
  },
  {
    name: 'tour',
    summary: 'watch the whole life of a token, step by step',
    load: async () => (await import('./commands/tour.ts')).tourCommand,
  },
  {
    name: 'doctor',
    summary: 'examine the server and its Redis',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  {
    name: 'restore-guard',
    summary: 'revoke everything in a Redis restored from a backup',
    load: async () => (await import('./commands/restore-guard.ts')).restoreGuardCommand,
  },
  {
    name: 'serve',
    summary: 'run the server',
    load: async () => (await import('./commands/serve.ts')).serveCommand,
  },
  {
    name: 'edge',
    summary: 'answer a gateway beside it, from memory',
    load: async () => (await import('./commands/edge.ts')).edgeCommand,
  },
  {
    name: 'config',
    summary: "print the server's configuration as it would be used",
    load: async () => (await import('./commands/config.ts')).configCommand,
  },
  {
    name: 'init',
    summary: 'make development certificates and secrets',
    load: async () => (await import('./commands/init.ts')).initCommand,
  },
  {
    name: 'dev',
    summary: 'run a server for development, Redis included',
    load: async () => (await import('./commands/dev.ts')).devCommand,
  },
];
