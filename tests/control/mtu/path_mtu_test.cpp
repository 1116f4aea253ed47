// What is known of a path, as a threshold for inner packets.
#include "control/mtu/path_mtu.hpp"

#include <gtest/gtest.h>

#include "control/mtu/accounting.hpp"

namespace culvert::control {
namespace {

const CipherShape kGcm = find_cipher_shape("PSK-AES128-GCM-SHA256").value();
const CipherShape kChaCha = find_cipher_shape("PSK-CHACHA20-POLY1305").value();
const CipherShape kCbc = find_cipher_shape("AES128-SHA").value();

// IP, UDP, DTLS header, explicit nonce, type byte, tag.
TEST(PathMtu, WhatFitsADatagram) {
  EXPECT_EQ(largest_dtls_packet(1500, false, kGcm), 1500u - 20 - 8 - 13 - 8 - 1 - 16);
  EXPECT_EQ(largest_dtls_packet(1400, false, kGcm), 1334u);
  EXPECT_EQ(largest_dtls_packet(1492, false, kGcm), 1426u);
  EXPECT_EQ(largest_dtls_packet(1400, true, kGcm), 1314u);
  EXPECT_EQ(largest_dtls_packet(1400, false, kChaCha), 1342u);
  // Whole blocks of what is left, less type, MAC and the least padding.
  EXPECT_EQ(largest_dtls_packet(1400, false, kCbc),
            (1400u - 20 - 8 - 13 - 16) / 16 * 16 - 1 - 20 - 1);
  EXPECT_EQ(largest_dtls_packet(0, false, kGcm), 0u);
}

TEST(PathMtu, TheLeastOfAllThatIsKnown) {
  const auto threshold = [](PathKnowledge path) { return dtls_threshold(1418, path, false, kGcm); };
  EXPECT_EQ(threshold({}), 1418);
  EXPECT_EQ(threshold({.path_mtu = 1500}), 1418);
  EXPECT_EQ(threshold({.path_mtu = 1492}), 1418);
  EXPECT_EQ(threshold({.path_mtu = 1483}), 1417);
  EXPECT_EQ(threshold({.path_mtu = 1400}), 1334);
  EXPECT_EQ(threshold({.largest_probe = 1400}), 1400);
  EXPECT_EQ(threshold({.largest_probe = 1300}), 1300);
  EXPECT_EQ(threshold({.path_mtu = 1400, .largest_probe = 1400}), 1334);
  EXPECT_EQ(threshold({.path_mtu = 1400, .largest_probe = 1300}), 1300);
}

TEST(PathMtu, NeverMoreThanAnnouncedAndNeverNothing) {
  for (unsigned path = 0; path <= 9200; path += 37) {
    for (const unsigned probe : {0u, 512u, 1400u, 9000u}) {
      const auto t = dtls_threshold(
          1300, {static_cast<uint16_t>(path), static_cast<uint16_t>(probe)}, path % 2 == 0, kCbc);
      EXPECT_LE(t, 1300);
      EXPECT_GE(t, 1);
    }
  }
}

TEST(PathMtu, BelowWhatATunnelShouldCarry) {
  EXPECT_TRUE(dtls_is_wide_enough(1280, true));
  EXPECT_FALSE(dtls_is_wide_enough(1279, true));
  EXPECT_TRUE(dtls_is_wide_enough(1279, false));
  // The floor of a path (552) is not enough.
  EXPECT_FALSE(dtls_is_wide_enough(dtls_threshold(1418, {.path_mtu = 552}, false, kGcm), false));
}

}  // namespace
}  // namespace culvert::control
