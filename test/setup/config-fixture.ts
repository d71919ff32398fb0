import { ConfigError, loadConfig } from '../../src/config/config.ts';

export const ROOT_SECRET = 'k7Qm2vX9aB4nC6dE8fG0hJ1iL3oP5rS7tU9wY1zA2bC';
export const ADMIN_KEY = `sgn_admin_${'Ab3_-'.repeat(9).slice(0, 43)}`;

/** The least that a server needs. */
export const MINIMAL = {
  SIGNUM_REDIS_URL: 'redis://localhost:6379',
  SIGNUM_ISSUER: 'https://tokens.example',
  SIGNUM_AUDIENCE: 'https://api.example',
  SIGNUM_SECRET: ROOT_SECRET,
  SIGNUM_TLS_CERT_FILE: 'cert.pem',
  SIGNUM_TLS_KEY_FILE: 'key.pem',
};

/** What a configuration is faulted for, by the setting's name. */
export function faultsOf(env: Record<string, string | undefined>): Map<string, string> {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) {
      return new Map(error.faults.map(({ setting, fault }) => [setting, fault]));
    }
    throw error;
  }
  return new Map();
}

/** All but one of what a server needs. */
export const without = (name: keyof typeof MINIMAL) => ({ ...MINIMAL, [name]: undefined });
