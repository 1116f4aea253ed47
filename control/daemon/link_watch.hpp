// The ports' links: a cable that is pulled or plugged in is logged, and the box says who it is.
#pragma once

#include <vector>

#include "control/log/log.hpp"
#include "dataplane/worker/dataplane.hpp"

namespace culvert::control {

class LinkWatch {
 public:
  // Takes the links as they are now. Both outlive the object.
  LinkWatch(dp::Dataplane& dataplane, Log& log);
  // Once a second. A link that came up is a neighbour that may be another: the addresses are
  // announced anew. Cards take seconds to find their link, so this is also how the first
  // announcements get out.
  void look();

 private:
  dp::Dataplane& dataplane_;
  Log& log_;
  std::vector<bool> up_;  // by interface
};

}  // namespace culvert::control
