/** Time and memory of a step, printed on one line. */

const mebibyte = 2 ** 20;

/** Collects garbage where Node runs with --expose-gc. */
function collect(): void {
  globalThis.gc?.();
}

/** Runs the step and prints its seconds, what it keeps on the heap, and the process's memory after it. */
export async function measure<T>(what: string, step: () => Promise<T>): Promise<T> {
  collect();
  const heap = process.memoryUsage().heapUsed;
  const since = performance.now();
  const result = await step();
  const seconds = (performance.now() - since) / 1000;
  collect();
  const { heapUsed, rss } = process.memoryUsage();
  const kept = ((heapUsed - heap) / mebibyte).toFixed(0);
  console.log(
    `${what}: ${seconds.toFixed(2)} s, keeps ${kept} MiB, process ${(rss / mebibyte).toFixed(0)} MiB (peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)})`,
  );
  return result;
}
