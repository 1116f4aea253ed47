// Tens of thousands of random records; record_soak.cpp has as many as one likes.
#include "tests/crypto/record/soak.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/crypto/isas.hpp"

namespace culvert::crypto::record {
namespace {

class SoakTest : public testing::TestWithParam<Isa> {};

TEST_P(SoakTest, RandomRecordsAgainstOpenSsl) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Soak soak(GetParam(), seed);
  while (soak.sealed() < 10'000)
    ASSERT_NO_THROW(soak.burst());
  EXPECT_GT(soak.opened(), 5'000u);
  EXPECT_GT(soak.refused(), 300u);
}

INSTANTIATE_TEST_SUITE_P(All, SoakTest, testing::ValuesIn(usable_isas()), isa_name);

}  // namespace
}  // namespace culvert::crypto::record
