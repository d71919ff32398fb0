/** What errors say of requests that are refused. */
export const UNICODE = 'must be well-formed Unicode';
export const ONCE = 'must be given once';
export const WELL_FORMED = 'must be well-formed';
export const ALTERNATIVE = 'must be the only one given of its alternatives';
export const NUMBER = 'must hold no number that JSON and a double would not keep as it is';
export const UINT32 = 'must be a whole number from 0 to 4294967295';
export const UINT64 = 'must be a whole number from 0 to 18446744073709551615';
export const POLICY = 'must be a value of signum.v1.SupersedePolicy';
export const DEPTH = 'must nest at most 32 levels deep';
export const DURATION = 'must be a duration, such as 3600s';
export const INSTANT = 'must be an instant as RFC 3339 has it';
