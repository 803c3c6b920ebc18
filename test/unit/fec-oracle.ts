/** A second, slow GF(2^8) and elimination for the tests, written from docs/WIRE-FORMAT.md section 2.2 and sharing no code with the plugin. */

/** Product by shifting and reducing, polynomial 0x11D. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) if ((b >> bit) & 1) product ^= a << bit;
  for (let bit = 15; bit >= 8; bit--) if ((product >> bit) & 1) product ^= 0x11d << (bit - 8);
  return product;
}

const products = Array.from({ length: 256 }, (_, a) => Array.from({ length: 256 }, (__, b) => multiply(a, b)));
const inverses = products.map((row) => row.indexOf(1));

export function slowMul(a: number, b: number): number {
  return products[a]![b]!;
}

export function slowInv(a: number): number {
  return inverses[a]!;
}

export function coefficientByDefinition(row: number, seq: number): number {
  return row === 0 ? 1 : slowInv((128 | row) ^ (seq % 128));
}

/** Which unknowns the equations' left sides determine: those whose unit vector is in the row space. */
export function determinedUnknowns(rows: readonly ReadonlyMap<number, number>[]): Set<number> {
  const unknowns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const matrix = rows.map((row) => unknowns.map((unknown) => row.get(unknown) ?? 0));
  let rank = 0;
  for (let column = 0; column < unknowns.length && rank < matrix.length; column++) {
    const pivot = matrix.findIndex((row, index) => index >= rank && row[column] !== 0);
    if (pivot < 0) continue;
    [matrix[rank], matrix[pivot]] = [matrix[pivot]!, matrix[rank]!];
    const scale = slowInv(matrix[rank]![column]!);
    const pivotRow = (matrix[rank] = matrix[rank]!.map((value) => slowMul(value, scale)));
    for (let index = 0; index < matrix.length; index++) {
      const factor = matrix[index]![column]!;
      if (index !== rank && factor !== 0)
        matrix[index] = matrix[index]!.map((value, at) => value ^ slowMul(factor, pivotRow[at]!));
    }
    rank++;
  }
  const determined = new Set<number>();
  for (const row of matrix) {
    const columns = row.flatMap((value, column) => (value === 0 ? [] : [column]));
    if (columns.length === 1) determined.add(unknowns[columns[0]!]!);
  }
  return determined;
}
