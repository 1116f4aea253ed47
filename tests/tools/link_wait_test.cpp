// Ports with and without link, and somebody who does not want to wait.
#include "tools/link_wait.hpp"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/dataplane/link_fixture.hpp"

namespace culvert {
namespace {

using namespace dp::test;

// A ring has link from when it is started.
class LinkWait : public testing::Test {
 protected:
  LinkWait() {
    for (dp::Port* port : {&up_, &down_})
      port->configure({.pool = pool_.get()});
    up_.start();
  }
  std::string refusal(std::span<const dp::Port* const> ports, double seconds, bool interrupted) {
    try {
      wait_for_links(ports, seconds, [interrupted] { return interrupted; });
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }

  static inline unsigned serial = 0;
  Pool pool_;
  VirtualDevice first_{"net_ring_link" + std::to_string(serial++)};
  VirtualDevice second_{"net_ring_link" + std::to_string(serial++)};
  dp::Port up_{first_.name()}, down_{second_.name()};
};

TEST_F(LinkWait, WhoHasLinkIsNotWaitedForWhateverElseIs) {
  const std::array<const dp::Port*, 1> ports{&up_};
  EXPECT_EQ(refusal(ports, 0, true), "");
  EXPECT_EQ(refusal({}, 0, true), "");
}

TEST_F(LinkWait, WhoHasNoneIsNamed) {
  const std::array<const dp::Port*, 2> ports{&up_, &down_};
  EXPECT_EQ(refusal(ports, 0.02, false),
            "No link on " + second_.name() +
                " within 0.02 s: look at the other end, or give it longer by --link-wait.");
}

TEST_F(LinkWait, IsInterrupted) {
  const std::array<const dp::Port*, 1> ports{&down_};
  EXPECT_EQ(refusal(ports, 3600, true), "Interrupted before the links came up.");
}

}  // namespace
}  // namespace culvert
