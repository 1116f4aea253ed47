// Commands to culvertd: one, or many from a terminal with history, `?` and completion.
#pragma once

#include <string>

#include "tools/culvertctl/client.hpp"

namespace culvert::ctl {

// Runs one command and prints what it says: false, and on standard error, if it failed. A command
// that wants to be confirmed asks the user if there is a terminal; a script meant what it said.
bool run_command(Client& client, const std::string& command, bool json);

// Reads commands until the end of the input or `exit`; false if any of them failed and no terminal
// is there to see it.
bool run_shell(Client& client, bool json);

}  // namespace culvert::ctl
