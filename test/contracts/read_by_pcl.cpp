// SPDX-FileCopyrightText: 2026 promptda_ros contributors
// SPDX-License-Identifier: Apache-2.0
// Reads a cloud as pcl_conversions hands it to PCL, and writes the points that PCL makes of it.

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <pcl/PCLPointCloud2.h>
#include <pcl/conversions.h>
#include <pcl/point_types.h>

int main()
{
  pcl::PCLPointCloud2 message;
  std::size_t fields, bytes;
  std::cin >> message.height >> message.width >> message.point_step >> message.row_step >> fields;
  for (std::size_t i = 0; i < fields; ++i) {
    pcl::PCLPointField field;
    int type;
    std::cin >> field.name >> field.offset >> type >> field.count;
    field.datatype = static_cast<std::uint8_t>(type);
    message.fields.push_back(field);
  }
  std::cin >> bytes;
  std::cin.get();
  message.data.resize(bytes);
  std::cin.read(reinterpret_cast<char *>(message.data.data()), bytes);
  pcl::PointCloud<POINT> cloud;
  pcl::fromPCLPointCloud2(message, cloud);
  std::cout.write(reinterpret_cast<const char *>(cloud.points.data()),
    static_cast<std::streamsize>(cloud.size() * sizeof(POINT)));
}
