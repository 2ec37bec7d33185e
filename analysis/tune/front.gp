# What has to be paid for ending sooner?
#
# Each mark is a policy that was tried: how soon nine in ten of its runs end (or whatever the objective
# was) against how often something went wrong; the redder, the longer one vote more would have cost
# quorum. Large: nobody beats it in length, risk, exposure and downtime at once; the circle is what is
# recommended. Called with the directory of settings.gp (last_round) and data.txt, which is candidates.csv.

dir = ARG1
load dir.'/settings.gp'
plot_name = 'front'
width = 1000
height = 520
load dir.'/terminal.gp'
set datafile separator ','
set xlabel 'minutes: the length that is to become small' textcolor rgb '#333333'
set ylabel 'percent of the nights with one of the events' textcolor rgb '#333333'
set cblabel 'minutes in which one more vote was not to be lost' textcolor rgb '#333333'
set xrange [0:*]
set yrange [0:*]
set palette defined (0 '#1f4e8c', 0.5 '#8a6d1d', 1 '#b5452f')
set grid linetype 1 linewidth 0.5 linecolor rgb '#d0d0d0'
set border 3 linecolor rgb '#808080'
set tics nomirror
set key top right

plot dir.'/data.txt' every ::1 using ($4 >= last_round && $12 == 0 ? $5 : NaN):($11 * 100):8 \
         with points pointtype 7 pointsize 0.6 linecolor palette title 'tried to the end', \
     '' every ::1 using ($12 == 1 ? $5 : NaN):($11 * 100):8 \
         with points pointtype 5 pointsize 1.4 linecolor palette title 'nothing beats it', \
     '' every ::1 using ($13 == 1 ? $5 : NaN):($11 * 100) \
         with points pointtype 6 pointsize 3 linewidth 2 linecolor rgb '#222222' title 'recommended', \
     '' every ::1::1 using 5:($11 * 100):('as it is') with labels offset 0,1 textcolor rgb '#333333' title ''
