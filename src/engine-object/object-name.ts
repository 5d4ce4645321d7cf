import { parseVariantId } from '../core/folder/adapter-files.ts';
import type { Region } from './region.ts';

/** The name of an object: each model has objects of its own in each region, so that it is loaded in few isolates. */
export const objectName = (region: Region, model: string, index: number): string => `${region.name}/${model}/${index}`;

/** The model whose object has a name. */
export const modelOf = (name: string): string => name.split('/')[1];

/** The models that have objects: each answers for all of its adapters, since they are computed together with it. */
export const modelsOfObjects = (modelIds: readonly string[]): string[] => [...new Set(modelIds.map((id) => parseVariantId(id).base))];
