import type { Config } from '../config/config.ts';
import type { Log } from '../telemetry/log.ts';
import { openTlsFiles, type TlsSource } from '../transport/tls/files.ts';

/** Opens the certificate files, or says loudly that there are none to be used. */
export async function openTls(
  { certFile, keyFile, clientCaFile, reloadMs, insecurePlaintext }: Config['tls'],
  log: Log,
): Promise<TlsSource | 'plaintext'> {
  if (insecurePlaintext) {
    log.warn(
      { setting: 'SIGNUM_INSECURE_PLAINTEXT' },
      'NO ENCRYPTION: tokens and keys of callers travel in clear on both listeners',
    );
    return 'plaintext';
  }
  if (!certFile || !keyFile) throw new Error('a server without a certificate was configured');
  return openTlsFiles({ files: { certFile, keyFile, clientCaFile }, pollMs: reloadMs, log });
}
