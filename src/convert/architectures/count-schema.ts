import { z } from 'zod';

/** A whole number of at least one and at most `max`. */
export const countSchema = (max: number) => z.number().int().min(1).max(max);
