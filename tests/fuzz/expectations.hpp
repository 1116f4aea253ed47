// For targets that play with a test's rig.
#pragma once

#include <gtest/gtest.h>

namespace culvert::fuzz {

// A failed EXPECT anywhere becomes an exception that nobody catches.
inline void throw_on_failure() {
  int argc = 1;
  char name[] = "fuzz";
  char* argv[] = {name, nullptr};
  testing::InitGoogleTest(&argc, argv);
  testing::FLAGS_gtest_throw_on_failure = true;
}

}  // namespace culvert::fuzz
