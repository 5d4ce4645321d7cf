import type { Configuration } from './configuration.ts';
import { type Finding, failure, ok, warning } from './finding.ts';

/**
 * Checks what files and batches need: the objects, the queue that they send lines to, who takes lines from it, and where
 * lines go that could not be answered. Their files lie in the bucket of the models.
 */
export function checkBatches({ durable_objects, queues: { producers = [], consumers = [] } = {} }: Configuration): Finding[] {
  const hasObjects = durable_objects.bindings.some(({ name }) => name === 'BATCHES');
  const queue = producers.find(({ binding }) => binding === 'BATCH_QUEUE')?.queue;
  if (!hasObjects && queue === undefined) return [ok('Files and batches are not bound, so /v1/files and /v1/batches answer 501.')];
  if (!hasObjects) return [failure('There is no Durable Object with the binding BATCHES and the class BatchObject: batches answer 501.')];
  if (queue === undefined) return [failure('There is no queue with the binding BATCH_QUEUE: batches answer 501.')];
  const consumer = consumers.find((other) => other.queue === queue);
  if (consumer === undefined) return [failure(`Nobody consumes the queue ${queue}, so batches wait until they expire.`)];
  const dead = consumer.dead_letter_queue;
  if (dead === undefined)
    return [
      warning(`The queue ${queue} has no dead_letter_queue, so a batch with a line that cannot be answered ends only when it expires.`),
    ];
  if (!consumers.some((other) => other.queue === dead))
    return [failure(`Nobody consumes the queue ${dead} of dead letters, so a batch with such a line ends only when it expires.`)];
  return [ok(`Batches have their queue ${queue}, and ${dead} for dead letters.`)];
}
