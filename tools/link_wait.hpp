// Waiting for the other ends of cables.
#pragma once

#include <functional>
#include <span>

#include "dataplane/port/port.hpp"

namespace culvert {

// Until all of the ports have link. Throws std::runtime_error with a sentence: with the names of those that have none
// after so many seconds, or if `interrupted` says that the user wants an end.
void wait_for_links(std::span<const dp::Port* const> ports, double seconds,
                    const std::function<bool()>& interrupted);

}  // namespace culvert
