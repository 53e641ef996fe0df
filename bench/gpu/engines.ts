/** `landlens engines` alone: the program's other commands load libraries that are not packed. */
import { runCommand } from 'landlens/command/commandLine';
import { enginesCommand } from 'landlens/command/engines';

runCommand(enginesCommand);
