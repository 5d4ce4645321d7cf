/** Name of a model folder's graph, whatever it was called where it came from. */
export const GRAPH_FILE = 'model.onnx';

/** How a model folder's files of external data are called: model.onnx_data, model.onnx.data, model_q4.onnx_data_1, … */
export const EXTERNAL_DATA_NAME = /^model[A-Za-z0-9._-]{0,100}$/;

/** Those of a model folder's files that its graph takes weights from, by the names that it refers to. None where it holds them itself. */
export function externalDataFiles(names: readonly string[]): string[] {
  return names.filter((name) => EXTERNAL_DATA_NAME.test(name) && name !== GRAPH_FILE);
}
