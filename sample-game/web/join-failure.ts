/** Why a join failed, in words: browsers do not tell a page what was wrong with a request that got no answer. */
export function describeJoinFailure(error: unknown): string {
  return error instanceof Error && error.message !== "" ? error.message : "no answer from the server";
}
