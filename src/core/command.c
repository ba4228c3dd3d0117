/* Names of commands, as the command line and the journal write them. */
#include "core/command.h"

const char *command_name(enum command_kind kind) {
    switch (kind) {
    case COMMAND_NONE:
        break;
    case COMMAND_PAUSE:
        return "pause";
    case COMMAND_RESUME:
        return "resume";
    case COMMAND_TRIGGER:
        return "trigger";
    case COMMAND_RETRY:
        return "retry";
    case COMMAND_CANCEL:
        return "cancel";
    case COMMAND_MARK_SENT:
        return "mark-sent";
    case COMMAND_UNDO:
        return "undo";
    }
    return "none";
}
