// Writes docs/CONFIGURATION.md from the schema in src/config/.
import { writeFileSync } from 'node:fs';
import { documentConfig } from '../src/config/config.ts';

const DOCUMENT = new URL('../docs/CONFIGURATION.md', import.meta.url);

writeFileSync(DOCUMENT, documentConfig());
console.log('Wrote docs/CONFIGURATION.md.');
