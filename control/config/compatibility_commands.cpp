// Rows: what is done as a certain ASA does it, on purpose.
#include <array>

#include "control/config/command.hpp"

namespace culvert::control {
namespace {

const std::array kCompatibility = {
    Command{.syntax = "compatibility CSCuh61321",
            .help = "Reproduce a bug of ASA 9.x: a `dtls port` that is entered after `enable` is "
                    "announced to clients, but not listened on, so that DTLS never comes up and "
                    "clients reconnect after a minute",
            .set = [](Draft& d, const Arguments&) { d.config.compatibility.cscuh61321 = true; },
            .no_syntax = "compatibility CSCuh61321",
            .unset = [](Draft& d, const Arguments&) { d.config.compatibility.cscuh61321 = false; },
            .show =
                [](const Config& c, const std::string&, Lines& out) {
                  if (c.compatibility.cscuh61321) out.add("compatibility CSCuh61321");
                  if (c.compatibility.asa84) out.add("compatibility asa-8.4");
                }},
    Command{.syntax = "compatibility asa-8.4",
            .help = "Show commands in the layout of ASA 8.4 where 9.x has another: the state comes "
                    "last in `show asp table socket`",
            .set = [](Draft& d, const Arguments&) { d.config.compatibility.asa84 = true; },
            .no_syntax = "compatibility asa-8.4",
            .unset = [](Draft& d, const Arguments&) { d.config.compatibility.asa84 = false; }},
};

}  // namespace

std::span<const Command> compatibility_commands() {
  return kCompatibility;
}

}  // namespace culvert::control
