import { expect, test } from 'vitest';
import { joinFeed } from './join-feed.ts';

const CURSOR = { deploymentId: 'd', revision: 10, entryId: '10-0' };
const EXTENT = {
  deploymentId: 'd',
  head: { revision: 12, entryId: '12-0' },
  oldestRevision: 5,
  entryIdAtCursor: '10-0',
};

test('goes on where the entry is still there under its id', () => {
  expect(joinFeed(CURSOR, EXTENT)).toBe('CONTINUE');
});

test('goes on at the head, also of a feed that keeps no entry any more', () => {
  const head = { revision: 10, entryId: '10-0' };
  const nothingKept = { ...EXTENT, head, oldestRevision: 11, entryIdAtCursor: undefined };
  expect(joinFeed(CURSOR, nothingKept)).toBe('CONTINUE');
});

test('begins anew where the revision is of another event', () => {
  expect(joinFeed(CURSOR, { ...EXTENT, entryIdAtCursor: '10-1' })).toBe('HISTORY_LOST');
  const head = { revision: 10, entryId: '10-1' };
  expect(joinFeed(CURSOR, { ...EXTENT, head, entryIdAtCursor: '10-1' })).toBe('HISTORY_LOST');
});

test('begins anew where the cursor is ahead', () => {
  const head = { revision: 9, entryId: '9-0' };
  expect(joinFeed(CURSOR, { ...EXTENT, head, entryIdAtCursor: undefined })).toBe('HISTORY_LOST');
});

test('begins anew where the feed has been trimmed past the cursor', () => {
  expect(joinFeed(CURSOR, { ...EXTENT, oldestRevision: 11, entryIdAtCursor: undefined })).toBe(
    'TRIMMED',
  );
});

test('begins anew at another deployment, whatever its revisions', () => {
  expect(joinFeed(CURSOR, { ...EXTENT, deploymentId: 'e' })).toBe('OTHER_DEPLOYMENT');
});
