/** What comes with the package, by where it lies. */
import { join } from 'node:path';

export const shippedTeacher = (packageRoot: string): string => join(packageRoot, 'models/shipped/teacher.safetensors');
