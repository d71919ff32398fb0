import { type Config, ConfigError } from '../../config/config.ts';
import type { Log } from '../../telemetry/log.ts';
import { openTlsFiles, type TlsSource } from '../../transport/tls/files.ts';
import { TlsFileError } from '../../transport/tls/read-files.ts';

const SETTINGS = {
  certFile: 'SIGNUM_TLS_CERT_FILE',
  keyFile: 'SIGNUM_TLS_KEY_FILE',
  clientCaFile: 'SIGNUM_TLS_CLIENT_CA_FILE',
} as const;

/**
 * Opens the certificate files, or says loudly that there are none to be used. Rejects with ConfigError
 * if they are of no use.
 */
export async function openTls(
  {
    certFile,
    keyFile,
    clientCaFile,
    reloadMs,
    insecurePlaintext,
  }: Pick<
    Config['tls'],
    'certFile' | 'keyFile' | 'clientCaFile' | 'reloadMs' | 'insecurePlaintext'
  >,
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
  try {
    return await openTlsFiles({
      files: { certFile, keyFile, clientCaFile },
      pollMs: reloadMs,
      log,
    });
  } catch (error) {
    if (!(error instanceof TlsFileError)) throw error;
    throw new ConfigError([{ setting: SETTINGS[error.file], fault: error.fault, allowed: '' }]);
  }
}
