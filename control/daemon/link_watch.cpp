// Looking at links.
#include "control/daemon/link_watch.hpp"

#include <fmt/format.h>

namespace culvert::control {

LinkWatch::LinkWatch(dp::Dataplane& dataplane, Log& log) : dataplane_(dataplane), log_(log) {
  for (unsigned i = 0; i < dataplane_.ports(); ++i)
    up_.push_back(dataplane_.port(i).link().up);
}

void LinkWatch::look() {
  for (unsigned i = 0; i < dataplane_.ports(); ++i) {
    const dp::Interface& interface = dataplane_.interfaces()[static_cast<uint8_t>(i)];
    const bool up = dataplane_.port(i).link().up;
    if (up == up_[i] || !interface.up) continue;
    up_[i] = up;
    if (up) dataplane_.announce(interface.index);
    log_.log(Severity::warning, up ? 411001 : 411002,
             fmt::format("Line protocol on Interface {}, changed state to {}", interface.nameif,
                         up ? "up" : "down"));
  }
}

}  // namespace culvert::control
