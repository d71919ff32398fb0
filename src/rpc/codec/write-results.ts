import { toBinary } from '@bufbuild/protobuf';
import {
  type BatchValidateResult,
  BatchValidateResultSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { PlainWriter } from './plain-writer.ts';
import { writeValidateResponse } from './write-validate-response.ts';

const RESULTS = 1;
const RESPONSE = 1;

/** Writes the results of a batch. Those that are not plain, protobuf-es writes in their place. */
export function writeResults(to: PlainWriter, results: readonly BatchValidateResult[]): void {
  for (const result of results) {
    const start = to.part();
    writeResult(to, result);
    if (to.isWhole) continue;
    to.rewind(start);
    to.message(RESULTS, toBinary(BatchValidateResultSchema, result));
  }
}

/** Plain is one that is a plain ValidateResponse. */
function writeResult(to: PlainWriter, { result, $unknown }: BatchValidateResult): void {
  if (result.case !== 'response' || $unknown !== undefined) {
    to.giveUp();
    return;
  }
  const start = to.open(RESULTS);
  const responseStart = to.open(RESPONSE);
  writeValidateResponse(to, result.value);
  to.close(responseStart);
  to.close(start);
}
