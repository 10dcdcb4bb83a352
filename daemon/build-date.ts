/**
 * No copy of this program is older than this: a clock that says less was never set (a Jetson without a battery for its
 * clock starts in 1970). The date of the newest release in CHANGELOG.md; a test holds the two together.
 */
export const builtAtMs = Date.UTC(2026, 10, 24);
