/** How long tests wait for what must come: generous, since a busy machine is late, and it only bounds failures. */

/** For one thing: a daemon that starts, a session, a verdict. Whoever waits says by name what did not come. */
export const patienceMs = 60_000;
/** For a test or hook of several such waits; above the one, so that the name is told first. */
export const testMaxMs = 4 * patienceMs;
