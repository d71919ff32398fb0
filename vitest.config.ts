import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    globalSetup: ['test/setup/shared-redis.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    env: { TZ: 'UTC' },
    // The Redis client listens for the first error of a socket only; of a handshake that both ends
    // give up the second one comes after the test that caused it, and belongs to nobody.
    onUnhandledError: (error) =>
      !('code' in error && error['code'] === 'ERR_SSL_TLSV1_ALERT_DECODE_ERROR'),
    restoreMocks: true,
    unstubEnvs: true,
  },
});
