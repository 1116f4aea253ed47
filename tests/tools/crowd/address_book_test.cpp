// Which addresses are a crowd's own, and which of their ports are silent.
#include "tools/crowd/address_book.hpp"

#include <gtest/gtest.h>

namespace culvert::crowd {
namespace {

using dp::IpAddress;

TEST(AddressBook, OwnsWhatItWasGiven) {
  std::vector<IpAddress> addresses;
  for (uint32_t i = 0; i < 5000; ++i)
    addresses.push_back(IpAddress::v4(0x0a000000 + 3 * i));
  const AddressBook book(addresses);
  for (uint32_t i = 0; i < 15000; ++i)
    EXPECT_EQ(book.owns(IpAddress::v4(0x0a000000 + i)), i % 3 == 0) << i;
}

TEST(AddressBook, RefusesNoneTwiceAndBothFamilies) {
  const IpAddress four = IpAddress::v4(0x0a000001);
  const IpAddress six = IpAddress::parse("2001:db8::1").value();
  EXPECT_THROW(AddressBook({}), std::runtime_error);
  EXPECT_THROW(AddressBook({four, four}), std::runtime_error);
  EXPECT_THROW(AddressBook({four, six}), std::runtime_error);
  EXPECT_TRUE(AddressBook({six}).owns(six));
}

TEST(AddressBook, SilencesOnePortOfOneTransport) {
  const IpAddress one = IpAddress::v4(0x0a000001), other = IpAddress::v4(0x0a000002);
  AddressBook book({one, other});
  EXPECT_FALSE(book.any_silent());
  book.silence(one, 65535, Transport::tcp);
  book.silence(IpAddress::v4(0x0a000003), 1, Transport::tcp);  // nobody's
  EXPECT_TRUE(book.any_silent());
  EXPECT_TRUE(book.silent(one, 65535, Transport::tcp));
  EXPECT_FALSE(book.silent(one, 65534, Transport::tcp));
  EXPECT_FALSE(book.silent(one, 65535, Transport::udp));
  EXPECT_FALSE(book.silent(other, 65535, Transport::tcp));
}

}  // namespace
}  // namespace culvert::crowd
