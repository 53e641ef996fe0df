/** A figure in words: alternative text for readers who do not see it. */
import { fieldsOf, isJsonObject } from '../io/json.js';
import type { PlotlyFigure } from './plotly.js';

/** The text of a title, or of anything that has a `text`, without tags. */
function textOf(value: unknown): string {
  if (typeof value === 'string') {
    return value
      .replace(/<br>/g, '; ')
      .replace(/<[^>]*>/g, '')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&#36;', '$')
      .replaceAll('&#37;', '%')
      .replaceAll('&amp;', '&');
  }
  return isJsonObject(value) ? textOf(value.text) : '';
}

/** Title; what the traces are and how they are called; what the axes count. */
export function describeFigure({ data, layout = {} }: Pick<PlotlyFigure, 'data' | 'layout'>): string {
  const kinds = [...new Set(data.map((trace) => String(fieldsOf(trace).type ?? 'scatter')))].join(', ');
  const names = data.map((trace) => textOf(fieldsOf(trace).name)).filter((name) => name !== '');
  const axes = Object.entries(layout).flatMap(([name, value]) => {
    const title = /^[xy]axis\d*$/.test(name) ? textOf(fieldsOf(value).title) : '';
    return title === '' ? [] : [`${name.replace('axis', '')}: ${title}`];
  });
  const traces = names.length === 0 ? kinds : `${kinds}: ${names.join(', ')}`;
  return `${[textOf(fieldsOf(layout).title) || 'Figure', traces, ...new Set(axes)].join('. ')}.`;
}
